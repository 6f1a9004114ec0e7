"""From pictures, however they come, to records that training reads."""
