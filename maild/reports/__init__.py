"""What supervisors read: figures computed from ticket histories, and the letter about them."""
