"""What a grid of models costs: machines, slices of accelerators, hours, power, money."""
