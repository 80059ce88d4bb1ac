"""The report: pages from tables, sentences and figures; computes nothing, never imports torch."""
