"""Holds gyre against its peers: builds one program each, runs them in turn, and says what came out, losses included."""
