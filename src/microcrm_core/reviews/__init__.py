"""Reviews: tier, due-day advice and quote of every customer, as of one day."""
