"""Nets: windows of a panel, training that gives the same bits twice, layers, and files without pickle."""
