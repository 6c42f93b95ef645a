export const defaultQuery = `# Latchkey's API. Press the play button, or Ctrl+Enter, to send what is written here.
#
# This asks who you are: the API key or the user that the request acts as, its account,
# and the first API keys that it may see.
#
# - The book at the left lists everything that can be asked and changed.
# - Ctrl+Space completes what you type.
# - "Variables" below holds values for $names, as JSON.
# - "Headers" below adds HTTP headers, as JSON: {"x-api-key": "lk_..."} acts as that key.
#   You need none: "Act as" above has chosen already.
# - Nothing that you write here is kept when you leave the page.

query WhoAmI {
  viewer {
    account { id name }
    apiKey { id name expiresAt }
    user { id name email }
  }
  apiKeys(limit: 5) {
    pageInfo { total }
    nodes { id name preview enabled createdAt expiresAt }
  }
}
`;
