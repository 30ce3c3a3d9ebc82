// minio_go drives minio-go as a contender of tests/bench/run.sh transfer.
//
//	minio_go up URL FILE | down URL FILE | tree URL DIRECTORY
//
// URL is http://HOST:PORT/BUCKET/KEY (with tree, KEY is a prefix that ends in "/"). Defaults of the library; small objects
// 16 at once. Keys and region come from the AWS_ variables.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const atOnce = 16

func connect(where *url.URL) (*minio.Client, error) {
	keys := credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")
	return minio.New(where.Host, &minio.Options{Creds: keys, Region: os.Getenv("AWS_REGION"), BucketLookup: minio.BucketLookupPath})
}

func uploadTree(ctx context.Context, client *minio.Client, bucket, prefix, directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	names := make(chan string, len(entries))
	for _, entry := range entries {
		names <- entry.Name()
	}
	close(names)
	failures := make(chan error, atOnce)
	var workers sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for name := range names {
				path := filepath.Join(directory, name)
				if _, err := client.FPutObject(ctx, bucket, prefix+name, path, minio.PutObjectOptions{}); err != nil {
					failures <- fmt.Errorf("%s: %w", path, err)
					return
				}
			}
		}()
	}
	workers.Wait()
	close(failures)
	return <-failures // nil where none failed
}

func run(action, where, path string) error {
	target, err := url.Parse(where)
	if err != nil {
		return err
	}
	client, err := connect(target)
	if err != nil {
		return err
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(target.Path, "/"), "/")
	ctx := context.Background()
	switch action {
	case "up":
		_, err = client.FPutObject(ctx, bucket, key, path, minio.PutObjectOptions{})
	case "down":
		err = client.FGetObject(ctx, bucket, key, path, minio.GetObjectOptions{})
	case "tree":
		err = uploadTree(ctx, client, bucket, key, path)
	default:
		err = fmt.Errorf("no action %q", action)
	}
	return err
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: minio_go up|down|tree URL PATH")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "minio_go:", err)
		os.Exit(1)
	}
}
