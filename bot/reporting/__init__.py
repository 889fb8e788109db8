"""The report of a run: derived from its record, told as HTML, Markdown and JSON."""
