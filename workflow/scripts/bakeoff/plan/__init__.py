"""The plan of a study: from what a person wrote to the cells, or to one line that says what is wrong.

Imports no framework: a plan is made before any job, and wherever jobs are submitted from.
"""
