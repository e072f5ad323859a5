// A certified OpenID Connect provider on loopback. Argument: {port, clients, keys, accounts} as JSON.
// Accounts are told apart by what is typed as the login; its own pages are those for development.
import { Provider } from 'oidc-provider';

const given = JSON.parse(process.argv[2]);

const provider = new Provider(`http://localhost:${given.port}`, {
  clients: given.clients,
  jwks: { keys: given.keys },
  pkce: { required: () => true },
  clientAuthMethods: [given.auth_method],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: given.conform, // true is the default: claims of a scope are at the userinfo endpoint alone
  cookies: { keys: ['of a test'] },
  findAccount: (_, id) => (id in given.accounts
    ? { accountId: id, claims: () => ({ sub: id, ...given.accounts[id] }) }
    : undefined),
});
provider.listen(given.port, '127.0.0.1', () => console.log('listening'));
