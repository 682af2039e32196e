/** What `/version` and the heartbeat's AgentVersion say; hbs keeps 16 characters of it. */
export const version = '0.1.0'
