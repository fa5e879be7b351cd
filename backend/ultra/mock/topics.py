"""A few subjects that scripted models know well: checkable sentences about what people ask an assistant first."""

from dataclasses import dataclass

from ultra.mock.facts import plain


@dataclass(frozen=True, slots=True)
class Topic:
    """What is known about one subject. `terms` are as in a fact: all must occur, each as one of its alternatives.

    A sentence may have a second wording behind `||`. Of `contested` the first is true, the second what a few say.
    `shared` stands in the order in which one would tell it, or do it; a `+` or `-` in front says that a sentence speaks
    for or against doing it. `leans` answers whether to do it.
    """

    terms: tuple[str, ...]
    shared: tuple[str, ...]
    contested: tuple[str, str]
    extra: tuple[str, ...]
    leans: bool | None = None


TOPICS: tuple[Topic, ...] = (
    Topic(
        ("sky", "blue|colour|color"),
        (("The sky is blue because air molecules scatter blue light more strongly than red, by Rayleigh scattering."
         "||By Rayleigh scattering, air molecules scatter blue light more strongly than red, so the sky is blue."),
         "Sunlight contains all colours of the visible spectrum.||All colours of the visible spectrum are in sunlight.",
         "Scattered blue light therefore reaches the eye from every part of the sky.",
         "The sky does not look violet, because the Sun emits less violet light and the eye is less sensitive to it.",
         ("At sunset light takes a longer path through the air, which scatters out the blue and leaves red."
         "||Sunset light takes a longer path through the air, so the blue is scattered out and the red is left.")),
        ("The strength of this scattering grows with the frequency of light to the power of 4.",
         "The strength of this scattering grows with the frequency of light to the power of 2."),
        ("Without air the sky would be black by day, as it is on the Moon.",
         "Water droplets scatter all colours alike, which is why clouds and haze look white.",
         "Reflection from the oceans has nothing to do with it."),
    ),
    Topic(
        ("dns|domain name",),
        ("DNS translates names such as example.com into IP addresses.",
         ("A program first asks a resolver, which answers from its cache when it can."
         "||First a program asks a resolver, and the resolver answers from its cache when it can."),
         "Otherwise the resolver asks a root server, then one of the top-level domain, then the domain's own server.",
         ("Every record carries a time to live, which says how long it may be cached."
         "||How long a record may be cached is said by the time to live it carries."),
         "Queries mostly travel over UDP, and over TCP when an answer is large."),
        ("Plain DNS uses port 53.", "Plain DNS uses port 80."),
        ("DNSSEC signs records, so that a forged answer can be detected.",
         "DNS over HTTPS hides queries from the local network.",
         "A changed record is seen everywhere only after the old one has left the caches."),
    ),
    Topic(
        ("tide|tides",),
        ("Tides are caused mainly by the gravity of the Moon.||The gravity of the Moon is the main cause of tides.",
         "The Moon pulls harder on the near side of the Earth than on the far side, which raises a bulge on each.",
         ("The Earth turns under these bulges, so most coasts have two high tides a day."
         "||Most coasts have two high tides a day, since the Earth turns under these bulges."),
         "Spring tides come at new and full moon, when Sun and Moon pull along one line.",
         "The shape of a coast and of its sea floor decides how large its tides are."),
        ("The effect of the Sun on the tides is about 46 percent of that of the Moon.",
         "The effect of the Sun on the tides is about 10 percent of that of the Moon."),
        ("Two high tides are about 12 hours and 25 minutes apart.",
         "The Bay of Fundy has the largest tides on Earth, up to 16 metres.",
         "Tidal friction slows the rotation of the Earth a little."),
    ),
    Topic(
        ("photosynthesis",),
        ("Photosynthesis turns carbon dioxide and water into sugar and oxygen with the energy of light.",
         ("Chlorophyll in the chloroplasts absorbs the light."
         "||The light is absorbed by chlorophyll in the chloroplasts."),
         "The light reactions split water, release oxygen and store energy as ATP and NADPH.",
         ("The Calvin cycle uses this energy to build sugar from carbon dioxide."
         "||Using this energy, the Calvin cycle builds sugar from carbon dioxide."),
         "Leaves look green because chlorophyll absorbs red and blue light best and green light least."),
        ("Making one molecule of glucose takes 6 molecules of carbon dioxide.",
         "Making one molecule of glucose takes 12 molecules of carbon dioxide."),
        ("Nearly every food chain begins with it.", "In drought a leaf closes its pores, which slows the process down.",
         "Plants such as maize concentrate carbon dioxide first and lose less water in hot places."),
    ),
    Topic(
        ("seasons|summer and winter",),
        ("The seasons come from the tilt of the Earth's axis.||The tilt of the Earth's axis causes the seasons.",
         "The hemisphere that leans towards the Sun has summer, the other one winter.",
         "In summer the Sun stands higher, so its light falls on a smaller area and warms it more.",
         "Summer days are also longer, which adds hours of heating."),
        ("The axis is tilted by about 23.4 degrees.", "The axis is tilted by about 32.4 degrees."),
        ("The distance to the Sun is not the cause, as the Earth is closest to it in early January.",
         "Near the equator the seasons are wet and dry rather than warm and cold.",
         "Oceans store heat, so the warmest weeks come after the longest day."),
    ),
    Topic(
        ("vaccin",),
        ("A vaccine shows the immune system a harmless part or form of a germ.",
         "The immune system answers with antibodies and with T cells that fit this germ.",
         ("Memory cells remain and answer faster when the real germ arrives."
         "||When the real germ arrives, the memory cells that remain answer faster."),
         "Protection against severe illness usually lasts longer than protection against infection."),
        ("Full protection is usually reached about 2 weeks after the last dose.",
         "Full protection is usually reached about 8 weeks after the last dose."),
        ("mRNA vaccines carry the building plan of a protein, which the body breaks down within days.",
         "Widespread vaccination also protects people who cannot be vaccinated.",
         "Booster doses renew the memory when it fades or when the germ changes."),
    ),
    Topic(
        ("language model|llm|llms|chatgpt|transformer model",),
        ("A language model predicts the next token of a text from all the tokens before it.",
         "Attention lets it weigh which earlier tokens matter for the next one.",
         "It learns by adjusting its weights until it predicts a very large collection of texts well.",
         "Further training with examples and human judgements turns it into an assistant.",
         "Its answers can be fluent and wrong, because it is trained to predict and does not look facts up."),
        ("An English word is about 1.3 tokens on average.", "An English word is about 3 tokens on average."),
        ("Sampling with a temperature makes the same prompt give different answers.",
         "The context window limits how much text it can take into account.",
         "Giving it documents or tools makes its answers easier to check."),
    ),
    Topic(
        ("tcp|udp",),
        ("TCP delivers bytes reliably and in order, UDP sends single datagrams without that promise.",
         ("TCP opens a connection with a handshake, whereas UDP sends at once."
         "||UDP sends at once, whereas TCP opens a connection with a handshake."),
         "TCP slows down when the network is congested.",
         "UDP suits calls, games and DNS, where a late packet is worthless."),
        ("The header of a UDP datagram has 8 bytes.", "The header of a UDP datagram has 20 bytes."),
        ("QUIC builds reliability on top of UDP and carries HTTP/3.",
         "Lost TCP segments hold up everything behind them.", "File transfer and databases need what TCP promises."),
        leans=True,
    ),
    Topic(
        ("microservice|monolith",),
        ("+Microservices can be deployed independently of one another.",
         ("-Each service adds work for deployment, monitoring and network failures."
         "||Deployment, monitoring and network failures add work with each service."),
         "-A call over the network is slower than one within a process, and it can fail on its own.",
         ("-A modular monolith has clear boundaries without the cost of a distributed system."
         "||Clear boundaries are possible in a modular monolith without the cost of a distributed system."),
         "A part can be split off later, once its boundary and its load are known."),
        ("The split usually begins to pay with more than 3 teams on the same code.",
         "The split usually begins to pay with more than 1 team on the same code."),
        ("A wrong boundary between services costs more than no boundary at all.",
         "Data that changes together should stay in one service.",
         "Independent scaling matters only where the parts differ much in load."),
        leans=False,
    ),
    Topic(
        ("postgres|postgresql|mysql|database", "migrat|move|moving|upgrad"),
        ("Measure first: size, write rate, extensions, long transactions and the downtime that is allowed.",
         ("Copy the data with logical replication, so that the old database keeps serving meanwhile."
         "||Use logical replication to copy the data, so the old database keeps serving meanwhile."),
         "Handle by hand what logical replication leaves out, such as sequences, large objects and schema changes.",
         ("Rehearse the whole switch on a copy and time every step."
         "||On a copy, rehearse the whole switch and time every step."),
         "To switch, stop the writes, wait for the replica to catch up, set the sequences and move the connections.",
         "Keep the old database in step by replicating back until the new one has proved itself."),
        ("At 100 MB/s the first copy takes about 3 hours for each terabyte.",
         "At 100 MB/s the first copy takes about 30 hours for each terabyte."),
        ("The target needs the same extensions, settings and collations before the schema is loaded.",
         "Run ANALYZE before the switch, because statistics are not replicated.",
         "Replicated tables need a primary key or a replica identity for updates and deletes."),
    ),
    Topic(
        ("kubernetes|k8s",),
        ("+Kubernetes restarts, spreads and scales containers by a description of the wanted state.",
         "-It brings many parts that have to be learned, upgraded and watched.",
         "-A managed service takes over the control plane, but not the work on your own configuration.",
         "-A few servers with a process manager or a platform service do for most small systems."),
        ("A minor version is supported for about 14 months.", "A minor version is supported for about 36 months."),
        ("It pays once many services of several teams share machines.",
         "Requests and limits that are set wrongly waste more money than they save.",
         "Packing the application into containers first keeps the way open."),
        leans=False,
    ),
    Topic(
        ("rewrite|rewriting", "service|system|code|app|software|backend|module|program|scratch|rust"),
        ("-A rewrite has to reach everything the old system does before it brings anything.",
         ("-The old code contains years of corrections that nobody wrote down."
         "||Years of corrections that nobody wrote down are in the old code."),
         "-Replacing one part at a time behind a stable interface gives results earlier and with less risk.",
         "-A profile often shows that a small part of the code causes most of the trouble."),
        ("A rewrite usually takes about 2 times as long as planned.",
         "A rewrite usually takes about 5 times as long as planned."),
        ("Tests of the present behaviour are the first step in either case.",
         "The people who know the old system are needed for the new one too.",
         "Two systems have to be maintained until the last user has moved."),
        leans=False,
    ),
    Topic(
        ("four day week|4 day week|four day work",),
        ("With unchanged pay, a four-day week has to be earned by fewer meetings and interruptions.",
         ("+Trials in several countries reported less burnout and fewer resignations."
         "||Less burnout and fewer resignations were reported by trials in several countries."),
         "-Customers expect somebody on every weekday, so days off have to be staggered.",
         "-Work that needs presence, such as care or retail, can be compressed far less than office work."),
        ("A trial should last at least 6 months.", "A trial should last at least 2 months."),
        ("Companies that volunteer for trials are not typical of all.",
         "Longer hours on four days are a different model with different effects.",
         "Output has to be measured before the trial begins."),
        leans=True,
    ),
    Topic(
        ("recursion|recursive",),
        ("A recursive function solves a problem by calling itself on a smaller part of it.",
         ("It needs a base case that is answered without another call."
         "||A base case that is answered without another call is needed."),
         "Each call keeps its own variables on the call stack.",
         "Every recursion can also be written as a loop with a stack of its own."),
        ("Python stops by default at a depth of 1000 calls.", "Python stops by default at a depth of 10000 calls."),
        ("Trees and nested data are where it reads most naturally.",
         "Storing results that were computed before avoids repeated work.",
         "Some languages turn a call in the last position into a jump, which saves the stack."),
    ),
    Topic(
        ("greenhouse|climate change|global warming",),
        ("Sunlight warms the ground, which gives the energy back as infrared radiation.",
         ("Carbon dioxide, methane and water vapour absorb part of this radiation and send some of it back."
         "||Part of this radiation is absorbed by carbon dioxide, methane and water vapour, and some is sent back."),
         "Burning coal, oil and gas has raised the share of carbon dioxide in the air since about 1850.",
         "Warmer air holds more water vapour, which strengthens the warming.",
         "Oceans take up most of the additional heat."),
        ("Without its greenhouse gases the Earth would be about 33 degrees colder.",
         "Without its greenhouse gases the Earth would be about 15 degrees colder."),
        ("Part of the carbon dioxide stays in the air for centuries.",
         "Methane warms more strongly than carbon dioxide, but lasts only about a decade.",
         "The stratosphere cools meanwhile, which rules out the Sun as the cause."),
    ),
)  # fmt: skip


def find(question: str) -> Topic | None:
    """Return the subject that a question names, or None."""
    asked = plain(question[:4000])
    for topic in TOPICS:
        if all(any(f" {word}" in asked for word in term.split("|")) for term in topic.terms):
            return topic
    return None
