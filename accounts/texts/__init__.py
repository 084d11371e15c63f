"""Text messages (SMS): numbers, what may be sent, the messages, and who carries them."""
