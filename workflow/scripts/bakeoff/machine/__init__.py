"""What the numbers are measured on and with: the hardware, clocks, energy, what else ran."""
