export const defaultQuery = `# Latchkey's API: write here, and press the play
# button or Ctrl+Enter to send it.
#
# This asks who the request acts as, and for the
# first API keys that it may see.
#
# The book at the left lists all there is to ask
# and to change. Ctrl+Space completes words.
# Variables, below: values for $names, as JSON.
# Headers, below: more HTTP headers, as JSON.
#   None are needed: "Act as" has chosen who.
#   {"x-api-key": "lk_..."} would act as that key.
# Nothing of it is kept when you leave the page.

query WhoAmI {
  viewer {
    account { id name }
    apiKey { id name expiresAt }
    user { id name email }
  }
  apiKeys(limit: 5) {
    pageInfo { total }
    nodes { id name preview enabled expiresAt }
  }
}
`;
