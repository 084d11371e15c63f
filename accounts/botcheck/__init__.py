"""Programs are kept from what costs or annoys, people are not. docs/botcheck.md says how."""
