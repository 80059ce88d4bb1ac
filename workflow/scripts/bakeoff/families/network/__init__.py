"""Networks as a family: batches, one training, optimizers, and how a cell trains a grid of them.

Imports torch inside its functions, so that importing the package stays cheap.
"""
