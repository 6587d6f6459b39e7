// The HTTP server of Go's net/http.
// usage: http FOLDER [CERTIFICATE KEY]
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
)

func text(contentType string, body string) http.HandlerFunc {
	bytes := []byte(body)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(bytes)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/plaintext", text("text/plain", "Hello, World!"))
	mux.HandleFunc("/json", text("application/json", `{"message":"Hello, World!"}`))
	files := http.StripPrefix("/files/", http.FileServer(http.Dir(os.Args[1])))
	mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		files.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: mux}
	if len(os.Args) > 3 {
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
		panic(server.ServeTLS(listener, os.Args[2], os.Args[3]))
	}
	panic(server.Serve(listener))
}
