"""What a cell measured: its record, what its runs answered, which settings it chose, what its model is."""
