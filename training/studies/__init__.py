"""A grid of runs with equal budgets, and one page that answers what they were made for."""
