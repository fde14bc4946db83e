"""A value in every secret field of the product, which is then looked for everywhere else."""
