"""Model families: the contract, the one list of them, and one file each."""

from hf_platform.models.registry import FAMILIES, chosen_families, get_family

__all__ = ["FAMILIES", "chosen_families", "get_family"]
