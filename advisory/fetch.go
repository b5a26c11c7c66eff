package advisory

import "context"

type updater struct{}

type fetched struct{}

func fetchFile(ctx context.Context, u *updater, s Source) (fetched, error) { return fetched{}, nil }
func fetchOSV(ctx context.Context, u *updater, s Source) (fetched, error)  { return fetched{}, nil }
