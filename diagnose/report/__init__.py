"""What an analysis comes to, for people and programs: the report's model, its numbers, pictures and formats (pure)."""
