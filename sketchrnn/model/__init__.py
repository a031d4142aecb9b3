"""The network: a sequence-to-sequence variational autoencoder with a mixture density output."""
