"""One cell: its runs fitted or taken from the journal, timed, kept, published."""
