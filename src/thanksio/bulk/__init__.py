"""Cancel many orders within their cancellation windows and the account's rate limit.

`_results.py` says what is known of an order, `_run.py` decides, `_threads.py` and `_tasks.py` carry that out, and
`_journal.py` keeps it on disk. A module imports only modules listed before it: results, window, run, journal, sources,
threads, tasks.
"""

from thanksio.bulk._results import CancelResult, Verdict

__all__ = ["CancelResult", "Verdict"]
