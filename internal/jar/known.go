package jar

import (
	"strings"
	"sync"
)

// knownGroup gives the group of artifacts that are in wide use, that builds
// other than Maven's make, and whose names no other group uses. An entry that
// ends in "*" stands for all names that begin so.
func knownGroup(name string) string {
	t := known()
	if group, ok := t.exact[name]; ok {
		return group
	}
	best, found := "", 0
	for _, p := range t.prefixes {
		if len(p.name) > found && strings.HasPrefix(name, p.name) {
			best, found = p.group, len(p.name)
		}
	}
	return best
}

type knownTable struct {
	exact    map[string]string
	prefixes []struct{ name, group string }
}

var known = sync.OnceValue(func() *knownTable {
	t := &knownTable{exact: map[string]string{}}
	for line := range strings.Lines(groups) {
		fields := strings.Fields(line)
		for _, name := range fields[min(1, len(fields)):] {
			if prefix, ok := strings.CutSuffix(name, "*"); ok {
				t.prefixes = append(t.prefixes, struct{ name, group string }{prefix, fields[0]})
			} else {
				t.exact[name] = fields[0]
			}
		}
	}
	return t
})

// groups holds a group and its artifacts in each line.
const groups = `
ch.qos.logback logback-classic logback-core logback-access
aopalliance aopalliance
cglib cglib cglib-nodep
com.fasterxml.jackson.core jackson-core jackson-databind jackson-annotations
com.fasterxml.jackson.dataformat jackson-dataformat-*
com.fasterxml.jackson.datatype jackson-datatype-*
com.fasterxml.jackson.module jackson-module-*
com.google.code.gson gson
com.google.guava guava
com.google.protobuf protobuf-java protobuf-java-util
com.h2database h2
com.mysql mysql-connector-j
com.squareup.okhttp3 okhttp okhttp-*
com.squareup.okio okio okio-jvm
com.squareup.retrofit2 retrofit
com.thoughtworks.xstream xstream
com.zaxxer HikariCP
commons-beanutils commons-beanutils
commons-cli commons-cli
commons-codec commons-codec
commons-collections commons-collections
commons-configuration commons-configuration
commons-dbcp commons-dbcp
commons-digester commons-digester
commons-fileupload commons-fileupload
commons-httpclient commons-httpclient
commons-io commons-io
commons-jxpath commons-jxpath
commons-lang commons-lang
commons-logging commons-logging
commons-net commons-net
commons-pool commons-pool
commons-validator commons-validator
io.micrometer micrometer-core micrometer-commons micrometer-observation micrometer-registry-*
io.netty netty-buffer netty-codec netty-codec-* netty-common netty-handler netty-handler-proxy netty-resolver netty-resolver-* netty-transport netty-transport-* netty-all
io.projectreactor reactor-core
io.projectreactor.netty reactor-netty-core reactor-netty-http
junit junit
log4j log4j
mysql mysql-connector-java
net.bytebuddy byte-buddy byte-buddy-agent
org.apache.ant ant ant-launcher ant-*
org.apache.commons commons-collections4 commons-compress commons-configuration2 commons-csv commons-dbcp2 commons-email commons-exec commons-fileupload2-* commons-imaging commons-lang3 commons-math3 commons-pool2 commons-text commons-vfs2
org.apache.httpcomponents httpclient httpcore httpmime httpcore-nio httpasyncclient fluent-hc
org.apache.httpcomponents.client5 httpclient5 httpclient5-fluent
org.apache.httpcomponents.core5 httpcore5 httpcore5-h2
org.apache.ivy ivy
org.apache.kafka kafka-clients kafka-streams kafka_* connect-runtime connect-api
org.apache.logging.log4j log4j-api log4j-core log4j-slf4j-impl log4j-slf4j2-impl log4j-web log4j-jul log4j-1.2-api log4j-to-slf4j
org.apache.lucene lucene-*
org.apache.shiro shiro-*
org.apache.solr solr-core solr-solrj
org.apache.struts struts2-core struts2-*
org.apache.tomcat tomcat-annotations-api tomcat-api tomcat-catalina tomcat-coyote tomcat-dbcp tomcat-jasper tomcat-jdbc tomcat-juli tomcat-servlet-api tomcat-tribes tomcat-util tomcat-util-scan tomcat-websocket
org.apache.tomcat.embed tomcat-embed-*
org.apache.zookeeper zookeeper zookeeper-jute
org.aspectj aspectjrt aspectjweaver aspectjtools
org.bouncycastle bcprov-* bcpkix-* bcmail-* bcpg-* bctls-* bcutil-* bcjmail-*
org.eclipse.jetty jetty-server jetty-http jetty-io jetty-util jetty-servlet jetty-servlets jetty-security jetty-webapp jetty-client jetty-xml
org.elasticsearch elasticsearch elasticsearch-core elasticsearch-x-content
org.freemarker freemarker
org.hamcrest hamcrest hamcrest-core hamcrest-library
org.jetbrains.kotlin kotlin-stdlib kotlin-stdlib-* kotlin-reflect kotlin-script-runtime
org.jetbrains.kotlinx kotlinx-coroutines-* kotlinx-serialization-*
org.mariadb.jdbc mariadb-java-client
org.ow2.asm asm asm-analysis asm-commons asm-tree asm-util
org.postgresql postgresql
org.projectlombok lombok
org.slf4j slf4j-api slf4j-simple slf4j-log4j12 slf4j-jdk14 slf4j-nop jul-to-slf4j jcl-over-slf4j log4j-over-slf4j
org.springframework spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support spring-core spring-expression spring-instrument spring-jcl spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc spring-test spring-tx spring-web spring-webflux spring-webmvc spring-websocket
org.springframework.boot spring-boot spring-boot-*
org.springframework.cloud spring-cloud-*
org.springframework.data spring-data-*
org.springframework.security spring-security-*
org.springframework.session spring-session-*
org.thymeleaf thymeleaf thymeleaf-spring5 thymeleaf-spring6
org.yaml snakeyaml
redis.clients jedis
xalan xalan serializer
xerces xercesImpl
xml-apis xml-apis xml-apis-ext
`
