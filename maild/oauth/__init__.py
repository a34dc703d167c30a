"""OAuth2: access tokens for mail servers, from Microsoft 365, Google or any other provider."""
