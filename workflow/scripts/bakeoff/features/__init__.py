"""Features: numbers made of images once, by a frozen network or a rule, for what fits rows of numbers."""
