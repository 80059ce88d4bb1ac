"""Whether a data set is fit to be judged on: copies, shortcuts, groups, odd images. Imports no torch."""
