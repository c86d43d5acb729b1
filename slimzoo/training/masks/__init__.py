"""What a run does where every pixel has a class: batches, loss, figures, report."""
