"""The standard nox sessions, public: a noxfile imports them."""
