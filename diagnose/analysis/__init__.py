"""A capture asked by series: windows, neighbours, limits, statistics and facts (pure)."""
