/** The sentences that are judged: PROTOCOL.md's, and that nothing is left behind. */

export const ONCE = "each version at most once; never an older one after a newer one";
export const LAST = "the final one always";
export const SENT = "nothing is shown that the service did not say";
export const PROVEN = "a status that is shown is never from a signature that the service did not accept";
export const STOPS = "a client stops where the close codes say so, and nowhere else";
export const BACKOFF = "the backoff begins at 500 ms, doubles with each attempt, and stays at 30 s";
export const KEPT_AWAY = "4429: retries, no sooner than after 10 s";
export const HONEST = "nobody vouches for a socket that it does not have: 20 s of silence, 10 s for the pong";
export const OWN_ERRORS = "a refusal is an accepted socket that gets one error message: it is that socket's own";
export const RESTS = "suspend drops the socket and rests, with no timer left";
/** Of the package and not of PROTOCOL.md. */
export const ONE_LINK = "the tabs that can talk share one socket";
export const AT_ONCE = "all has been calm: news is shown at once";
export const NEEDLESS = "all has been calm: no live tab dials or polls";
export const STAYS = "all has been calm: who is live stays so";
export const CLEAN = "what is over leaves no timer, channel, lock, socket or request";
export const NO_THROW = "nothing is thrown into the page";
