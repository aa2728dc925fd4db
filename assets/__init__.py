"""The asset graph."""

import warnings

# Dagster marks things that we use through its own helpers as beta; a user can do nothing about it.
warnings.filterwarnings("ignore", message=r"Parameter `\w+` of .* is currently in beta")
