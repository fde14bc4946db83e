"""Telling people: who is told what, and the ways out of Weir: mail, webhooks, chat."""
