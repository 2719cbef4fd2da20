"""Did the change help? The battery again, for as long as before, and like compared with like.

`side` takes what a comparison needs out of a report, `compare` judges (both pure); `run` measures, `text` writes.
"""
