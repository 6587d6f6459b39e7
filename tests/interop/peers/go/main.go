// The routes of ../README.md by Go's net/http, and its client against them.
// usage: peers server PORT FILES [CERT KEY] | peers client BASE [CA]
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
)

func pattern(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(i % 251)
	}
	return out
}

func text() string {
	var out strings.Builder
	for i := 0; i < 2000; i++ {
		fmt.Fprintf(&out, "line %d of the text\n", i)
	}
	return out.String()
}

func tell(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

// --- the server ---

func number(w http.ResponseWriter, part string) (int, bool) {
	value, err := strconv.Atoi(part)
	if err != nil {
		http.NotFound(w, nil)
	}
	return value, err == nil
}

func events(w http.ResponseWriter, r *http.Request, wanted int) {
	first := 0
	if last, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil {
		first = last + 1
	}
	if first >= wanted {
		w.WriteHeader(204)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 10\n\n")
	for i := first; i < first+(wanted-first+1)/2; i++ {
		fmt.Fprintf(w, "id: %d\nevent: number\ndata: event\ndata: %d\n\n", i, i)
		w.(http.Flusher).Flush()
	}
}

func cut(w http.ResponseWriter, r *http.Request, size int) {
	if r.URL.Query().Has("length") {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
	w.Write(pattern(size / 2))
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func form(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	told := map[string]any{}
	for name, values := range r.MultipartForm.Value {
		told[name] = values[0]
	}
	for name, files := range r.MultipartForm.File {
		told[name] = files[0].Size
	}
	tell(w, told)
}

func answer(w http.ResponseWriter, r *http.Request) {
	parts := append(strings.Split(r.URL.Path, "/"), "", "")
	switch parts[1] {
	case "hello":
		io.WriteString(w, "hello\n")
	case "echo":
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.Write(body)
	case "duplex":
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	case "count":
		body, _ := io.ReadAll(r.Body)
		tell(w, map[string]any{"bytes": len(body), "fields": r.Header, "trailers": r.Trailer})
	case "bytes":
		if size, ok := number(w, parts[2]); ok {
			w.Header().Set("Content-Length", parts[2])
			w.Write(pattern(size))
		}
	case "chunks":
		size, _ := number(w, parts[2])
		piece, _ := number(w, parts[3])
		w.Header().Set("Trailer", "X-Count")
		all := pattern(size)
		for at := 0; at < size; at += piece {
			w.Write(all[at:min(at+piece, size)])
			w.(http.Flusher).Flush()
		}
		w.Header().Set("X-Count", parts[2])
	case "text":
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			coded := gzip.NewWriter(w)
			io.WriteString(coded, text())
			coded.Close()
		} else {
			io.WriteString(w, text())
		}
	case "redirect":
		left, _ := number(w, parts[2])
		where := "/hello"
		if left > 0 {
			where = "/redirect/" + strconv.Itoa(left-1)
		}
		http.Redirect(w, r, where, 302)
	case "redirect307":
		http.Redirect(w, r, "/echo", 307)
	case "cookies":
		if parts[2] == "set" {
			http.SetCookie(w, &http.Cookie{Name: r.URL.Query().Get("name"), Value: r.URL.Query().Get("value"), Path: "/"})
		}
		told := map[string]string{}
		for _, cookie := range r.Cookies() {
			told[cookie.Name] = cookie.Value
		}
		tell(w, told)
	case "file":
		w.Header().Set("ETag", `"a-tag"`)
		http.ServeFile(w, r, os.Args[3]+"/data.bin")
	case "form":
		form(w, r)
	case "last":
		w.Header().Set("Connection", "close")
		io.WriteString(w, "last\n")
	case "early":
		w.Header().Set("Link", "</style.css>; rel=preload; as=style")
		w.WriteHeader(103)
		io.WriteString(w, "early\n")
	case "cut":
		if size, ok := number(w, parts[2]); ok {
			cut(w, r, size)
		}
	case "events":
		if count, ok := number(w, parts[2]); ok {
			events(w, r, count)
		}
	default:
		http.NotFound(w, r)
	}
}

func serve() error {
	server := &http.Server{Addr: "127.0.0.1:" + os.Args[2], Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0)}
	if len(os.Args) > 4 {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // HTTP/1.1 only
		return server.ListenAndServeTLS(os.Args[4], os.Args[5])
	}
	return server.ListenAndServe()
}

// --- the client ---

var base string
var client *http.Client

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(got, wanted any) {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		panic(fmt.Sprintf("wanted %.80q, got %.80q", fmt.Sprint(wanted), fmt.Sprint(got)))
	}
}

func ask(method, path string, body io.Reader, fields ...string) (*http.Response, []byte) {
	request, err := http.NewRequest(method, base+path, body)
	must(err)
	for i := 0; i+1 < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	return do(request)
}

func do(request *http.Request) (*http.Response, []byte) {
	response, err := client.Do(request)
	must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(err)
	return response, content
}

func same(got, wanted []byte) {
	if !bytes.Equal(got, wanted) {
		panic(fmt.Sprintf("wanted %d bytes, got %d others", len(wanted), len(got)))
	}
}

func hello() {
	response, content := ask("GET", "/hello", nil)
	equal([]any{response.StatusCode, string(content)}, []any{200, "hello\n"})
}

func keepAlive() {
	peers := map[string]bool{}
	for i := 0; i < 20; i++ {
		_, content := ask("GET", "/peer", nil)
		peers[string(content)] = true
	}
	equal(len(peers), 1)
}

func concurrent() {
	var all sync.WaitGroup
	var failed sync.Map
	for i := 0; i < 100; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			defer func() {
				if why := recover(); why != nil {
					failed.Store(why, true)
				}
			}()
			hello()
		}()
	}
	all.Wait()
	failed.Range(func(why, _ any) bool { panic(why) })
}

func head() {
	response, content := ask("HEAD", "/bytes/1000", nil)
	equal([]any{response.ContentLength, len(content)}, []any{1000, 0})
}

func echo() {
	for _, size := range []int{0, 1, 1000, 100_000, 8_000_000} {
		_, content := ask("POST", "/echo", bytes.NewReader(pattern(size)))
		same(content, pattern(size))
	}
}

func pieces(count, size int) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		for i := 0; i < count; i++ {
			writer.Write(pattern(size))
		}
		writer.Close()
	}()
	return reader
}

func putChunked() {
	_, content := ask("PUT", "/echo", pieces(10, 50_000))
	equal(len(content), 500_000)
}

func duplex() {
	_, content := ask("POST", "/duplex", pieces(200, 65_000))
	equal(len(content), 200*65_000)
}

func requestTrailers() {
	request, err := http.NewRequest("POST", base+"/count", pieces(1, 5))
	must(err)
	request.Trailer = http.Header{"X-Sum": []string{"15"}}
	_, content := do(request)
	if !strings.Contains(string(content), `"bytes":5`) || !strings.Contains(string(content), `["X-Sum","15"]`) {
		panic(string(content))
	}
}

func large() {
	_, content := ask("GET", "/bytes/50000000", nil)
	same(content, pattern(50_000_000))
}

func responseTrailers() {
	response, content := ask("GET", "/chunks/300000/7777", nil)
	same(content, pattern(300_000))
	equal(response.Trailer.Get("X-Count"), "300000")
}

func compression() {
	response, content := ask("GET", "/text", nil)
	equal([]any{response.Uncompressed, string(content)}, []any{true, text()})
}

func redirects() {
	_, content := ask("GET", "/redirect/5", nil)
	equal(string(content), "hello\n")
	_, content = ask("POST", "/redirect307", strings.NewReader("carried along"))
	equal(string(content), "carried along")
}

func cookies() {
	ask("GET", "/cookies/set?name=colour&value=blue", nil)
	_, content := ask("GET", "/cookies", nil)
	equal(strings.TrimSpace(string(content)), `{"colour":"blue"}`)
}

func ranges() {
	response, content := ask("GET", "/file/data.bin", nil, "Range", "bytes=1000-1999")
	equal(response.StatusCode, 206)
	same(content, pattern(2000)[1000:])
	response, _ = ask("GET", "/file/data.bin", nil, "If-None-Match", response.Header.Get("ETag"))
	equal(response.StatusCode, 304)
}

func expectContinue() {
	asked := false
	request, err := http.NewRequest("POST", base+"/echo", bytes.NewReader(pattern(100_000)))
	must(err)
	request.Header.Set("Expect", "100-continue")
	trace := &httptrace.ClientTrace{Got100Continue: func() { asked = true }}
	_, content := do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	same(content, pattern(100_000))
	equal(asked, true)
}

func earlyHints() {
	seen := 0
	request, err := http.NewRequest("GET", base+"/early", nil)
	must(err)
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { seen = code; return nil }}
	_, content := do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	equal([]any{string(content), seen}, []any{"early\n", 103})
}

func cuts() {
	for _, path := range []string{"/cut/100000?length=1", "/cut/100000"} {
		response, err := client.Get(base + path)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil {
			panic(path + " was taken as whole")
		}
	}
}

func earlyClose() {
	for i := 0; i < 5; i++ {
		response, err := client.Get(base + "/bytes/50000000")
		must(err)
		io.ReadFull(response.Body, make([]byte, 1000))
		response.Body.Close()
	}
	hello()
}

func last() {
	for i := 0; i < 3; i++ {
		_, content := ask("GET", "/last", nil)
		equal(string(content), "last\n")
	}
}

func attempt(name string, check func()) (ok bool) {
	defer func() {
		if why := recover(); why != nil {
			fmt.Printf("FAILED %s: %v\n", name, why)
		}
	}()
	check()
	fmt.Printf("ok %s\n", name)
	return true
}

func run() int {
	base = os.Args[2]
	jar, err := cookiejar.New(nil)
	must(err)
	transport := &http.Transport{ExpectContinueTimeout: 20e9, TLSClientConfig: &tls.Config{}}
	if len(os.Args) > 3 {
		pem, err := os.ReadFile(os.Args[3])
		must(err)
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	client = &http.Client{Transport: transport, Jar: jar}
	if _, err := url.Parse(base); err != nil {
		must(err)
	}
	status := 0
	checks := []struct {
		name  string
		check func()
	}{
		{"hello", hello}, {"keep_alive", keepAlive}, {"concurrent", concurrent}, {"head", head}, {"echo", echo},
		{"put_chunked", putChunked}, {"duplex", duplex}, {"request_trailers", requestTrailers}, {"large", large},
		{"response_trailers", responseTrailers}, {"compression", compression}, {"redirects", redirects}, {"cookies", cookies},
		{"ranges", ranges}, {"expect_continue", expectContinue}, {"early_hints", earlyHints}, {"cut", cuts},
		{"early_close", earlyClose}, {"last", last},
	}
	for _, one := range checks {
		if !attempt(one.name, one.check) {
			status = 1
		}
	}
	return status
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == "server" {
		log.Fatal(serve())
	}
	if len(os.Args) > 2 && os.Args[1] == "client" {
		os.Exit(run())
	}
	log.Fatal("usage: peers server PORT FILES [CERT KEY] | peers client BASE [CA]")
}
