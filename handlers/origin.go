package handlers

import (
	"strings"

	"usher/internal/audit"
)

// longestAgent is how much of a User-Agent is kept.
const longestAgent = 256

// origin is where a call comes from, as the domain keeps it with what is done.
func (c *call) origin() audit.Origin {
	agent := c.gin.Request.UserAgent()
	agent = strings.ToValidUTF8(agent[:min(len(agent), longestAgent)], "")
	return audit.Origin{Address: address(c), UserAgent: agent, RequestID: requestID(c.gin)}
}
