"""What a task really read and wrote, compared with what its stage declares."""
