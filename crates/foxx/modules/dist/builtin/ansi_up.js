var __getOwnPropNames=Object.getOwnPropertyNames;var __commonJS=(cb,mod)=>function(){try{return mod||(0,cb[__getOwnPropNames(cb)[0]])((mod={exports:{}}).exports,mod),mod.exports}catch(e){throw mod=0,e}};var require_ansi_up=__commonJS({"node_modules/ansi_up/ansi_up.js"(exports2){(function(root,factory){if(typeof define=="function"&&define.amd)define(["exports"],factory);else if(typeof exports2=="object"&&typeof exports2.nodeName!="string")factory(exports2);else{var exp={};factory(exp),root.AnsiUp=exp.default}})(exports2,function(exports3){"use strict";var __makeTemplateObject=this&&this.__makeTemplateObject||function(cooked,raw){return Object.defineProperty?Object.defineProperty(cooked,"raw",{value:raw}):cooked.raw=raw,cooked},PacketKind;(function(PacketKind2){PacketKind2[PacketKind2.EOS=0]="EOS",PacketKind2[PacketKind2.Text=1]="Text",PacketKind2[PacketKind2.Incomplete=2]="Incomplete",PacketKind2[PacketKind2.ESC=3]="ESC",PacketKind2[PacketKind2.Unknown=4]="Unknown",PacketKind2[PacketKind2.SGR=5]="SGR",PacketKind2[PacketKind2.OSCURL=6]="OSCURL"})(PacketKind||(PacketKind={}));var AnsiUp=(function(){function AnsiUp2(){this.VERSION="4.0.4",this.setup_palettes(),this._use_classes=!1,this._escape_for_html=!0,this.bold=!1,this.fg=this.bg=null,this._buffer="",this._url_whitelist={http:1,https:1}}return Object.defineProperty(AnsiUp2.prototype,"use_classes",{get:function(){return this._use_classes},set:function(arg){this._use_classes=arg},enumerable:!0,configurable:!0}),Object.defineProperty(AnsiUp2.prototype,"escape_for_html",{get:function(){return this._escape_for_html},set:function(arg){this._escape_for_html=arg},enumerable:!0,configurable:!0}),Object.defineProperty(AnsiUp2.prototype,"url_whitelist",{get:function(){return this._url_whitelist},set:function(arg){this._url_whitelist=arg},enumerable:!0,configurable:!0}),AnsiUp2.prototype.setup_palettes=function(){var _this=this;this.ansi_colors=[[{rgb:[0,0,0],class_name:"ansi-black"},{rgb:[187,0,0],class_name:"ansi-red"},{rgb:[0,187,0],class_name:"ansi-green"},{rgb:[187,187,0],class_name:"ansi-yellow"},{rgb:[0,0,187],class_name:"ansi-blue"},{rgb:[187,0,187],class_name:"ansi-magenta"},{rgb:[0,187,187],class_name:"ansi-cyan"},{rgb:[255,255,255],class_name:"ansi-white"}],[{rgb:[85,85,85],class_name:"ansi-bright-black"},{rgb:[255,85,85],class_name:"ansi-bright-red"},{rgb:[0,255,0],class_name:"ansi-bright-green"},{rgb:[255,255,85],class_name:"ansi-bright-yellow"},{rgb:[85,85,255],class_name:"ansi-bright-blue"},{rgb:[255,85,255],class_name:"ansi-bright-magenta"},{rgb:[85,255,255],class_name:"ansi-bright-cyan"},{rgb:[255,255,255],class_name:"ansi-bright-white"}]],this.palette_256=[],this.ansi_colors.forEach(function(palette){palette.forEach(function(rec){_this.palette_256.push(rec)})});for(var levels=[0,95,135,175,215,255],r=0;r<6;++r)for(var g=0;g<6;++g)for(var b=0;b<6;++b){var col={rgb:[levels[r],levels[g],levels[b]],class_name:"truecolor"};this.palette_256.push(col)}for(var grey_level=8,i=0;i<24;++i,grey_level+=10){var gry={rgb:[grey_level,grey_level,grey_level],class_name:"truecolor"};this.palette_256.push(gry)}},AnsiUp2.prototype.escape_txt_for_html=function(txt){return txt.replace(/[&<>]/gm,function(str){if(str==="&")return"&amp;";if(str==="<")return"&lt;";if(str===">")return"&gt;"})},AnsiUp2.prototype.append_buffer=function(txt){var str=this._buffer+txt;this._buffer=str},AnsiUp2.prototype.get_next_packet=function(){var pkt={kind:PacketKind.EOS,text:"",url:""},len=this._buffer.length;if(len==0)return pkt;var pos=this._buffer.indexOf("\x1B");if(pos==-1)return pkt.kind=PacketKind.Text,pkt.text=this._buffer,this._buffer="",pkt;if(pos>0)return pkt.kind=PacketKind.Text,pkt.text=this._buffer.slice(0,pos),this._buffer=this._buffer.slice(pos),pkt;if(pos==0){if(len==1)return pkt.kind=PacketKind.Incomplete,pkt;var next_char=this._buffer.charAt(1);if(next_char!="["&&next_char!="]")return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt;if(next_char=="["){this._csi_regex||(this._csi_regex=rgx(__makeTemplateObject([`
                        ^                           # beginning of line
                                                    #
                                                    # First attempt
                        (?:                         # legal sequence
                          \x1B[                      # CSI
                          ([<-?]?)              # private-mode char
                          ([d;]*)                    # any digits or semicolons
                          ([ -/]?               # an intermediate modifier
                          [@-~])                # the command
                        )
                        |                           # alternate (second attempt)
                        (?:                         # illegal sequence
                          \x1B[                      # CSI
                          [ -~]*                # anything legal
                          ([\0-:])              # anything illegal
                        )
                    `],[`
                        ^                           # beginning of line
                                                    #
                                                    # First attempt
                        (?:                         # legal sequence
                          \\x1b\\[                      # CSI
                          ([\\x3c-\\x3f]?)              # private-mode char
                          ([\\d;]*)                    # any digits or semicolons
                          ([\\x20-\\x2f]?               # an intermediate modifier
                          [\\x40-\\x7e])                # the command
                        )
                        |                           # alternate (second attempt)
                        (?:                         # illegal sequence
                          \\x1b\\[                      # CSI
                          [\\x20-\\x7e]*                # anything legal
                          ([\\x00-\\x1f:])              # anything illegal
                        )
                    `])));var match=this._buffer.match(this._csi_regex);if(match===null)return pkt.kind=PacketKind.Incomplete,pkt;if(match[4])return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt;match[1]!=""||match[3]!="m"?pkt.kind=PacketKind.Unknown:pkt.kind=PacketKind.SGR,pkt.text=match[2];var rpos=match[0].length;return this._buffer=this._buffer.slice(rpos),pkt}if(next_char=="]"){if(len<4)return pkt.kind=PacketKind.Incomplete,pkt;if(this._buffer.charAt(2)!="8"||this._buffer.charAt(3)!=";")return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt;this._osc_st||(this._osc_st=rgxG(__makeTemplateObject([`
                        (?:                         # legal sequence
                          (\x1B\\)                    # ESC                           |                           # alternate
                          (\x07)                      # BEL (what xterm did)
                        )
                        |                           # alternate (second attempt)
                        (                           # illegal sequence
                          [\0-]                 # anything illegal
                          |                           # alternate
                          [\b-]                 # anything illegal
                          |                           # alternate
                          [-]                 # anything illegal
                        )
                    `],[`
                        (?:                         # legal sequence
                          (\\x1b\\\\)                    # ESC \\
                          |                           # alternate
                          (\\x07)                      # BEL (what xterm did)
                        )
                        |                           # alternate (second attempt)
                        (                           # illegal sequence
                          [\\x00-\\x06]                 # anything illegal
                          |                           # alternate
                          [\\x08-\\x1a]                 # anything illegal
                          |                           # alternate
                          [\\x1c-\\x1f]                 # anything illegal
                        )
                    `]))),this._osc_st.lastIndex=0;{var match_1=this._osc_st.exec(this._buffer);if(match_1===null)return pkt.kind=PacketKind.Incomplete,pkt;if(match_1[3])return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt}{var match_2=this._osc_st.exec(this._buffer);if(match_2===null)return pkt.kind=PacketKind.Incomplete,pkt;if(match_2[3])return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt}this._osc_regex||(this._osc_regex=rgx(__makeTemplateObject([`
                        ^                           # beginning of line
                                                    #
                        \x1B]8;                    # OSC Hyperlink
                        [ -:<-~]*       # params (excluding ;)
                        ;                           # end of params
                        ([!-~]{0,512})        # URL capture
                        (?:                         # ST
                          (?:\x1B\\)                  # ESC                           |                           # alternate
                          (?:\x07)                    # BEL (what xterm did)
                        )
                        ([!-~]+)              # TEXT capture
                        \x1B]8;;                   # OSC Hyperlink End
                        (?:                         # ST
                          (?:\x1B\\)                  # ESC                           |                           # alternate
                          (?:\x07)                    # BEL (what xterm did)
                        )
                    `],[`
                        ^                           # beginning of line
                                                    #
                        \\x1b\\]8;                    # OSC Hyperlink
                        [\\x20-\\x3a\\x3c-\\x7e]*       # params (excluding ;)
                        ;                           # end of params
                        ([\\x21-\\x7e]{0,512})        # URL capture
                        (?:                         # ST
                          (?:\\x1b\\\\)                  # ESC \\
                          |                           # alternate
                          (?:\\x07)                    # BEL (what xterm did)
                        )
                        ([\\x21-\\x7e]+)              # TEXT capture
                        \\x1b\\]8;;                   # OSC Hyperlink End
                        (?:                         # ST
                          (?:\\x1b\\\\)                  # ESC \\
                          |                           # alternate
                          (?:\\x07)                    # BEL (what xterm did)
                        )
                    `])));var match=this._buffer.match(this._osc_regex);if(match===null)return pkt.kind=PacketKind.ESC,pkt.text=this._buffer.slice(0,1),this._buffer=this._buffer.slice(1),pkt;pkt.kind=PacketKind.OSCURL,pkt.url=match[1],pkt.text=match[2];var rpos=match[0].length;return this._buffer=this._buffer.slice(rpos),pkt}}},AnsiUp2.prototype.ansi_to_html=function(txt){this.append_buffer(txt);for(var blocks=[];;){var packet=this.get_next_packet();if(packet.kind==PacketKind.EOS||packet.kind==PacketKind.Incomplete)break;packet.kind==PacketKind.ESC||packet.kind==PacketKind.Unknown||(packet.kind==PacketKind.Text?blocks.push(this.transform_to_html(this.with_state(packet))):packet.kind==PacketKind.SGR?this.process_ansi(packet):packet.kind==PacketKind.OSCURL&&blocks.push(this.process_hyperlink(packet)))}return blocks.join("")},AnsiUp2.prototype.with_state=function(pkt){return{bold:this.bold,fg:this.fg,bg:this.bg,text:pkt.text}},AnsiUp2.prototype.process_ansi=function(pkt){for(var sgr_cmds=pkt.text.split(";");sgr_cmds.length>0;){var sgr_cmd_str=sgr_cmds.shift(),num=parseInt(sgr_cmd_str,10);if(isNaN(num)||num===0)this.fg=this.bg=null,this.bold=!1;else if(num===1)this.bold=!0;else if(num===22)this.bold=!1;else if(num===39)this.fg=null;else if(num===49)this.bg=null;else if(num>=30&&num<38)this.fg=this.ansi_colors[0][num-30];else if(num>=40&&num<48)this.bg=this.ansi_colors[0][num-40];else if(num>=90&&num<98)this.fg=this.ansi_colors[1][num-90];else if(num>=100&&num<108)this.bg=this.ansi_colors[1][num-100];else if((num===38||num===48)&&sgr_cmds.length>0){var is_foreground=num===38,mode_cmd=sgr_cmds.shift();if(mode_cmd==="5"&&sgr_cmds.length>0){var palette_index=parseInt(sgr_cmds.shift(),10);palette_index>=0&&palette_index<=255&&(is_foreground?this.fg=this.palette_256[palette_index]:this.bg=this.palette_256[palette_index])}if(mode_cmd==="2"&&sgr_cmds.length>2){var r=parseInt(sgr_cmds.shift(),10),g=parseInt(sgr_cmds.shift(),10),b=parseInt(sgr_cmds.shift(),10);if(r>=0&&r<=255&&g>=0&&g<=255&&b>=0&&b<=255){var c={rgb:[r,g,b],class_name:"truecolor"};is_foreground?this.fg=c:this.bg=c}}}}},AnsiUp2.prototype.transform_to_html=function(fragment){var txt=fragment.text;if(txt.length===0||(this._escape_for_html&&(txt=this.escape_txt_for_html(txt)),!fragment.bold&&fragment.fg===null&&fragment.bg===null))return txt;var styles=[],classes=[],fg=fragment.fg,bg=fragment.bg;fragment.bold&&styles.push("font-weight:bold"),this._use_classes?(fg&&(fg.class_name!=="truecolor"?classes.push(fg.class_name+"-fg"):styles.push("color:rgb("+fg.rgb.join(",")+")")),bg&&(bg.class_name!=="truecolor"?classes.push(bg.class_name+"-bg"):styles.push("background-color:rgb("+bg.rgb.join(",")+")"))):(fg&&styles.push("color:rgb("+fg.rgb.join(",")+")"),bg&&styles.push("background-color:rgb("+bg.rgb+")"));var class_string="",style_string="";return classes.length&&(class_string=' class="'+classes.join(" ")+'"'),styles.length&&(style_string=' style="'+styles.join(";")+'"'),"<span"+style_string+class_string+">"+txt+"</span>"},AnsiUp2.prototype.process_hyperlink=function(pkt){var parts=pkt.url.split(":");if(parts.length<1||!this._url_whitelist[parts[0]])return"";var result='<a href="'+this.escape_txt_for_html(pkt.url)+'">'+this.escape_txt_for_html(pkt.text)+"</a>";return result},AnsiUp2})();function rgx(tmplObj){for(var subst=[],_i=1;_i<arguments.length;_i++)subst[_i-1]=arguments[_i];var regexText=tmplObj.raw[0],wsrgx=/^\s+|\s+\n|\s*#[\s\S]*?\n|\n/gm,txt2=regexText.replace(wsrgx,"");return new RegExp(txt2)}function rgxG(tmplObj){for(var subst=[],_i=1;_i<arguments.length;_i++)subst[_i-1]=arguments[_i];var regexText=tmplObj.raw[0],wsrgx=/^\s+|\s+\n|\s*#[\s\S]*?\n|\n/gm,txt2=regexText.replace(wsrgx,"");return new RegExp(txt2,"g")}Object.defineProperty(exports3,"__esModule",{value:!0}),exports3.default=AnsiUp})}});module.exports=require_ansi_up();
