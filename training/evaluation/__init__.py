"""How good a model is, in figures that know their own spread, with the pictures behind them."""
