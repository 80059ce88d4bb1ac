"""Figures from records and tables; knows nothing of pages, never imports torch."""
