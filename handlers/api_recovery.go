package handlers

import (
	"usher/handlers/wire"
	"usher/internal/secret"
)

func (a *api) recoveryOperations() map[string]handler {
	return map[string]handler{
		"forgotPassword":     with(a.forgotPassword),
		"resetPassword":      with(a.resetPassword),
		"confirmSignUp":      with(a.confirmSignUp),
		"verifyEmail":        with(a.verifyEmail),
		"confirmEmailChange": with(a.confirmEmailChange),
		"undoEmailChange":    with(a.undoEmailChange),
	}
}

func (a *api) forgotPassword(c *call, in wire.ForgottenPassword) (any, error) {
	return nil, a.Authority.ForgotPassword(c, in.ClientID, in.Email)
}

func (a *api) resetPassword(c *call, in wire.PasswordReset) (any, error) {
	return nil, a.Authority.ResetPassword(c, secret.New(in.Token), secret.New(in.NewPassword))
}

func (a *api) confirmSignUp(c *call, in wire.SignUpConfirmation) (any, error) {
	return nil, a.Desk.ConfirmSignUp(c, secret.New(in.Token), secret.New(in.Password))
}

func (a *api) verifyEmail(c *call, in wire.MailToken) (any, error) {
	return nil, a.Authority.VerifyEmail(c, secret.New(in.Token))
}

func (a *api) confirmEmailChange(c *call, in wire.MailToken) (any, error) {
	return nil, a.Authority.ConfirmEmailChange(c, secret.New(in.Token))
}

func (a *api) undoEmailChange(c *call, in wire.PasswordReset) (any, error) {
	return nil, a.Authority.UndoEmailChange(c, secret.New(in.Token), secret.New(in.NewPassword))
}
