"""The pages that annotators compare answers on, and the lead's page."""
