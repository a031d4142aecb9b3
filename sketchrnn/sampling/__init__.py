"""From a network to drawings: the loops, the temperature, the latent space."""
