"""A local Slack, HubSpot and Salesforce, to rehearse the procedure without an account."""
