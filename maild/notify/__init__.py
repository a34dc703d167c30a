"""What people are told: letters, their MIME form, and how they leave."""
