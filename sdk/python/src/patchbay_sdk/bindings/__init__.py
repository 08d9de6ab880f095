"""Records of the contract, generated from `wit/`."""
