"""Networks as rows, and their arithmetic: below families and features alike."""
