"""Where networks are put: boards, and what they need."""
