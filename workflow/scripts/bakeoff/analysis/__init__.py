"""From cell records to tables and sentences; knows nothing of training, figures or pages."""
