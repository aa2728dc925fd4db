"""Look-ahead found by changing what could not be known yet, and looking whether anything moves."""
