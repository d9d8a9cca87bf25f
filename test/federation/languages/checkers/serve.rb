require "webrick"
require_relative "service"

app = RequireUser.new(Me)
log = WEBrick::Log.new($stderr, WEBrick::Log::ERROR)
options = { BindAddress: "127.0.0.1", Port: 0, Logger: log, AccessLog: [] }
server = WEBrick::HTTPServer.new(options)
server.mount("/", Class.new(WEBrick::HTTPServlet::AbstractServlet) do
  define_method(:service) do |request, response|
    response.status, headers, body = app.call(request.meta_vars)
    headers.each { |name, value| response[name] = value }
    response.body = body.join
  end
end)
$stdout.sync = true
puts "http://127.0.0.1:#{server.listeners.first.addr[1]}"
server.start
