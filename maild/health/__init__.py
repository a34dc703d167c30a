"""How the desk fares: what admins, monitoring and `maild doctor` are told."""
